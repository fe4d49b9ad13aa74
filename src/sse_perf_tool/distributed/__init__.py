"""One load from several machines: a master, which is an ordinary run, and workers that send it.

Locust carries the messages (its master, its workers, their heartbeats); the plan, the results and what makes the load
are ours.  A worker divides its share over processes as a run on one machine does, and the master adds workers up as
that adds up processes.  Only the commands open this package, so that no other run pays for it.

* `sealing.py`: no message is accepted, or can be read, without the token.
* `parcels.py`: plans and results as bytes, in pieces; what comes may make nothing but values of ours.
* `clock.py`: by how much two clocks differ, from round trips.
* `addresses.py`: which address of a name, IPv4 or IPv6.
* `link.py`: both ends of the line, over Locust, each in a thread of its own.
* `fleet.py`: the master: gathers the workers, listens to them, knows who is lost.
* `group.py`: a round of the load, sent by the workers.
* `facts.py`: what each worker did, and which of them is slow.
* `worker.py`: a worker, from joining to its end.
* `local.py`: workers on this machine.
"""
