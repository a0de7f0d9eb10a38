"""What a script in another environment tells its test: one line of JSON with the outcome of each of its scenes.

A scene is a function without arguments that returns what the test wants to see. Its error is its outcome, and hinders
no other scene. A connection to anywhere but this machine is refused and told: no client may ask the internet for
anything.
"""

import asyncio
import contextlib
import inspect
import io
import json
import os
import sys
import traceback

BASE = os.environ.get("SIMULATOR", "")
"""Where the fleet is."""
HERE = {"127.0.0.1", "localhost", "::1"}
QUESTION = "Why is the sky blue?"
WEATHER = "What is the weather in Paris?"
ERRANDS = "What is the weather in Paris? Convert 20 euros to USD and send an email to ann@example.com about it."
"""Three things for three tools."""
PROGRAM = os.environ.get("PROGRAM")
"""A program to play as one more scene, whose outcome is what it prints."""
MOST_TURNS = 8

_scenes = {}
_strays = []


def scene(name, function):
    """Add a scene."""
    _scenes[name] = function


def call(name, arguments):
    """What the tool of that name gives back."""
    return {
        "get_weather": lambda: f"It is 21 degrees in {arguments['city']}.",
        "convert_currency": lambda: f"{arguments['amount']} in {arguments['currency']}",
        "send_email": lambda: f"sent to {arguments['to']}",
    }[name]()


def _watch(event, arguments):
    """An audit hook: only this machine may be looked up and connected to."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host is not None and host not in HERE:
        _strays.append(host)
        raise PermissionError(f"{host} is not on this machine")


def _outcome(function, runner):
    try:
        value = function()
        if inspect.iscoroutine(value):
            value = runner.run(value)
    except Exception:  # noqa: BLE001 - whatever a scene raises is what its test is told
        return {"error": traceback.format_exc()}
    return {"value": value}


def printed_by(program):
    """What a program prints."""
    with contextlib.redirect_stdout(io.StringIO()) as told:
        exec(compile(program, "program", "exec"), {"__name__": "__main__"})  # noqa: S102 - from our own page
    return told.getvalue()


@contextlib.contextmanager
def watched():
    """Only this machine may be called from here on. Raises at its end where a call elsewhere was attempted."""
    sys.addaudithook(_watch)
    yield
    if _strays:
        raise PermissionError(f"called elsewhere: {_strays}")


def run():
    """Play all scenes, on one event loop, since clients keep their connections; print what came of them."""
    sys.addaudithook(_watch)
    if PROGRAM:
        scene("program", lambda: printed_by(PROGRAM))
    with asyncio.Runner() as runner:
        outcomes = {name: _outcome(function, runner) for name, function in _scenes.items()}
    print(json.dumps({"outcomes": outcomes, "strays": _strays}))  # noqa: T201 - this is what it is for
