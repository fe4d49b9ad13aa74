"""A user of Locust who asks again and again: locust -f locustfile.py --headless -u 2 -t 8s --host URL"""

from locust import FastHttpUser, task


class Chat(FastHttpUser):
    """What a status and a body of any kind tell is all that is judged."""

    @task
    def chat(self):
        """Reads an answer to its end."""
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        self.client.post("/v1/chat/completions", json=body)
