"""The wire: a `requests` adapter that times bytes at the socket.

requests and urllib3 stay in charge of HTTP: redirects, proxies, retries, heads, compression, keep-alive.  Below them
stands a `PumpedSocket` instead of the plain one.  How a byte gets its time:

1. One thread a process waits for all sockets and reads each that has something.  Where the system has them (Linux), it
   takes the kernel's own stamp of the arrival, so that being late costs no accuracy.  Where it could be built (on Linux
   with a C compiler) this thread is the loop of `_reader.c`, which never wants the interpreter, else a `Pump`.
2. The read and its stamp go into the socket's queue, a `Channel`.  The worker thread whose answer it is sleeps on; it
   is woken for the head, at the end, and now and then in a long answer, not for every token.
3. Woken, it takes all reads at once, removes the chunked framing and parses.  An event has the time of the read that
   completed it.

What would spoil this in Python is hundreds of threads that want the interpreter: a pump in Python gives it up at each
system call and would wait in line for it behind each of them.  So there is a `Gate`: of all workers one computes at a
time, and what reads or decrypts in Python takes its turn between them.
"""

from .adapter import TimedAdapter, tls_context
from .body import FramingError, can_decode, codings_of, drain, reads
from .exchange import Exchange, Interruptible, StoppedError, Trace
from .gate import GATE, outside
from .kept import KeptResponse
from .pump import half_octave
from .reading import reader_kind, the_reader
from .tcp_info import TcpInfo

__all__ = [
    "GATE",
    "Exchange",
    "FramingError",
    "Interruptible",
    "KeptResponse",
    "StoppedError",
    "TcpInfo",
    "TimedAdapter",
    "Trace",
    "can_decode",
    "codings_of",
    "drain",
    "half_octave",
    "outside",
    "reader_kind",
    "reads",
    "the_reader",
    "tls_context",
]
