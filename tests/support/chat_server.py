"A language model behind the chat-completions protocol, which answers what a script says."

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# where clients would look for a server that the test does not name
ELSEWHERE = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "http_proxy", "https_proxy", "all_proxy")
GOOD = dict(foreground=["red ball"], background=["sofa"], alternative="beach")


def completion(text=None, refusal=None, finish="stop"):
    return dict(
        id="1",
        object="chat.completion",
        created=0,
        model="m",
        choices=[
            dict(index=0, finish_reason=finish, message=dict(role="assistant", content=text, refusal=refusal))
        ],
        usage=dict(prompt_tokens=100, completion_tokens=10, total_tokens=110),
    )


def good(_):
    return 200, {}, completion(json.dumps(GOOD))


def says(text, **kw):
    return lambda _: (200, {}, completion(text, **kw))


def fails(status, message="no", **headers):
    return lambda _: (
        status,
        {k.replace("_", "-"): v for k, v in headers.items()},
        dict(error=dict(message=message, type="x", code=None)),
    )


def sends(*chunks, pause=0.0, times=1, head=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"):
    """The chunks as they are, again and again, with pauses between them, for as long as somebody reads.

    `head` comes first; `answer.sent` counts the bytes of the chunks."""

    def answer(handler):
        handler.close_connection = True
        handler.wfile.write(head)
        for _ in range(times):
            for chunk in chunks:
                handler.wfile.write(chunk)
                handler.wfile.flush()
                answer.sent += len(chunk)
                time.sleep(pause)

    def act(_):
        return 200, {}, answer

    answer.sent = 0
    act.answer = answer
    return act


def redirects(url, status=307):
    return lambda _: (status, dict(Location=url), {})


class FakeServer:
    """Speaks the chat-completions protocol.

    `script` is a list of answers, the last of which is repeated; `seen` holds the requests."""

    def __init__(self):
        self.script, self.seen, self.times, outer = [good], [], [], self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.lock:
                    outer.seen.append(dict(path=self.path, key=self.headers["Authorization"], body=body))
                    outer.times.append(time.monotonic())
                    act = outer.script.pop(0) if len(outer.script) > 1 else outer.script[0]
                status, headers, answer = act(body)
                if callable(answer):
                    return self.stream(answer)
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", headers.pop("Content-Type", "application/json"))
                self.send_header("Content-Length", str(len(data)))
                for k, v in headers.items():
                    self.send_header(k, v)
                self.end_headers()
                try:
                    self.wfile.write(data)
                except OSError:
                    pass  # the client gave up

            def stream(self, answer):
                try:
                    answer(self)
                except OSError:
                    pass

            def log_message(self, *a):
                pass

        self.lock, self.httpd = threading.Lock(), ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        threading.Thread(
            target=self.httpd.serve_forever, kwargs=dict(poll_interval=0.05), daemon=True
        ).start()
        self.url = f"http://127.0.0.1:{self.httpd.server_port}/v1"

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()


@contextmanager
def running_server(*script):
    "A server that answers by a script, for as long as it is needed."
    server = FakeServer()
    server.script = list(script) or server.script
    try:
        yield server
    finally:
        server.close()


def forget_other_servers(monkeypatch, cache):
    "An environment that names no server and no proxy; answers are kept in the folder `cache`."
    for name in (*ELSEWHERE, *map(str.upper, ELSEWHERE)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
