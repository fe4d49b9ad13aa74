#!/bin/sh
# Django 5.2 under an ASGI server sends the head of a StreamingHttpResponse at once, but what a plain (not asynchronous)
# generator yields only when the generator has ended.
. "$(dirname "$0")/common.sh"
pypi Django==5.2.19 uvicorn==0.54.0
python3 - <<'PYTHON'
import os
from common import ask, free_port, received, running, seen, written

written("app.py", '''
import time, django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import StreamingHttpResponse
from django.urls import path
settings.configure(SECRET_KEY="none", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
django.setup()
def stream(request):
    def events():
        for number in range(10):
            time.sleep(0.1)
            yield f"data: {number}\\\\n\\\\n"
    return StreamingHttpResponse(events(), content_type="text/event-stream")
urlpatterns = [path("", stream)]
app = get_asgi_application()
'''.replace("\\\\n", "\\n"))
port = free_port()
with running([os.environ["FOLDER"] + "/venv/bin/uvicorn", "--port", str(port), "app:app"], port):
    reads, end = ask(port)
head = reads[0][0]
first = next(at for at, data in reads if b"data:" in data)
seen(f"head after {head:.2f} s, first of {received(reads).count(b'data:')} events after {first:.2f} s, made over 1 s",
     head < 0.5 and first > 0.9 and received(reads).count(b"data:") == 10)
PYTHON
