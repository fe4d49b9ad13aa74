"""A chat endpoint of Flask, for gunicorn with threads: as many answers at a time as there are threads.

gunicorn --threads 8 flask_app:app
"""

import json
import time

from flask import Flask, Response

FIRST_S, CHUNKS, GAP_S = 0.2, 20, 0.02

app = Flask(__name__)


@app.post("/v1/chat/completions")
def chat():
    def events():
        for number in range(CHUNKS):
            time.sleep(GAP_S if number else FIRST_S)
            yield f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': f'word{number} '}}]})}\n\n"
        yield f"data: {json.dumps({'choices': [{'index': 0, 'delta': {}, 'finish_reason': 'stop'}]})}\n\n"
        yield "data: [DONE]\n\n"

    return Response(events(), mimetype="text/event-stream")


@app.get("/")
def ready():
    return "ready"
