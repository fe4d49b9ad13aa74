"""A chat endpoint of Django under an ASGI server, once with a plain generator and once with an asynchronous one.

uvicorn django_app:app
"""

import asyncio
import json
import time

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

CHUNKS, GAP_S = 20, 0.05
settings.configure(SECRET_KEY="none", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
django.setup()


def event(number):
    delta = {"delta": {"content": f"word{number} "}} if number < CHUNKS else {"delta": {}, "finish_reason": "stop"}
    return f"data: {json.dumps({'choices': [{'index': 0, **delta}]})}\n\n"


def plain(request):
    def events():
        for number in range(CHUNKS + 1):
            time.sleep(GAP_S)
            yield event(number)
        yield "data: [DONE]\n\n"

    return StreamingHttpResponse(events(), content_type="text/event-stream")


async def asynchronous(request):
    async def events():
        for number in range(CHUNKS + 1):
            await asyncio.sleep(GAP_S)
            yield event(number)
        yield "data: [DONE]\n\n"

    return StreamingHttpResponse(events(), content_type="text/event-stream")


urlpatterns = [
    path("", lambda _request: HttpResponse("ready")),
    path("plain/chat/completions", plain),
    path("async/chat/completions", asynchronous),
]
app = get_asgi_application()
