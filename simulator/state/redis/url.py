"""The URL of a Redis: what it means, and how it may be shown. Pure; knows no socket.

    redis://[user:password@]host:port/db      rediss://… (TLS)      unix://path?db=0
    redis+sentinel://[user:password@]host:port,host:port/service/db
    redis+cluster://[user:password@]host:port,host:port

`rediss+sentinel` and `rediss+cluster` are the same with TLS. Names and passwords are percent-encoded. Options follow
a `?`: those of `OPTIONS`, for TLS above all.
"""

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, unquote

OPTIONS = frozenset(
    {
        *("db", "username", "password", "client_name", "sentinel_username", "sentinel_password"),
        *("ssl_ca_certs", "ssl_ca_path", "ssl_ca_data", "ssl_cert_reqs", "ssl_check_hostname"),
        *("ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_min_version", "ssl_ciphers"),
    }
)
SECRET = frozenset({"password", "sentinel_password", "ssl_password", "ssl_ca_data"})
HIDDEN = "***"

_SCHEME = re.compile(r"(rediss?)(?:\+(sentinel|cluster))?\Z")
_NODE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]/]+)(?::([0-9]{1,5}))?\Z")
_PORT = {"direct": 6379, "sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a Redis is. `plain` is the same address with one node, as redis-py itself reads it.

    `nodes` are to be asked in turn: for `direct` there is one, or none where `plain` names a socket's path. `secrets`
    must not be shown, in any form.
    """

    kind: Literal["direct", "sentinel", "cluster"]
    nodes: tuple[tuple[str, int], ...]
    service: str
    plain: str = field(repr=False)
    sentinel_username: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def redact(self, text: str) -> str:
        """The text without any of the secrets."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


def parse(url: str) -> Target:
    """Raises ValueError, whose message is fit to be shown, if the URL means nothing."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        raise _fault("is not a URL")
    address, _, query = rest.partition("?")
    options = _options(query)
    secrets = {options[name] for name in SECRET & options.keys()}
    login, at, address = address.rpartition("@")
    password = login.partition(":")[2]
    secrets |= {password, unquote(password)}
    hidden = tuple(sorted(filter(None, secrets), key=len, reverse=True))
    if scheme == "unix":
        if not address.startswith("/"):
            raise _fault("names no path, as in unix:///run/redis.sock")
        return Target("direct", (), "", url, secrets=hidden)
    known = _SCHEME.match(scheme)
    if known is None:
        raise _fault("must begin with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
    kind: Literal["direct", "sentinel", "cluster"] = "direct"
    if known[2] is not None:
        kind = "sentinel" if known[2] == "sentinel" else "cluster"
    hosts, _, path = address.partition("/")
    nodes = tuple(_node(each, _PORT[kind]) for each in hosts.split(","))
    if kind == "direct" and len(nodes) > 1:
        raise _fault("names several hosts; redis+sentinel:// and redis+cluster:// take several")
    service, db = _path(kind, path)
    host, port = nodes[0]
    shown_host = f"[{host}]" if ":" in host else host
    kept = "&".join(each for each in query.split("&") if each and not each.startswith("sentinel_"))
    plain = f"{known[1]}://{login}{at}{shown_host}:{port}/{db}" + (f"?{kept}" if kept else "")
    sentinel = options.get("sentinel_username"), options.get("sentinel_password")
    return Target(kind, nodes, service, plain, *sentinel, secrets=hidden)


def shown(url: str) -> str:
    """The URL with every password masked; of a URL that cannot be read safely, no more than its scheme."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        return HIDDEN
    address, mark, query = rest.partition("?")
    if "@" in query and "@" not in address:
        return f"{scheme}://{HIDDEN}"
    login, at, place = address.rpartition("@")
    if at:
        user, colon, _ = login.partition(":")
        login = f"{user}:{HIDDEN}" if colon else HIDDEN
    parts = []
    for part in query.split("&") if mark else ():
        name, _, value = part.partition("=")
        public = name in OPTIONS and name not in SECRET
        parts.append(f"{name}={value}" if public else f"{name if name in OPTIONS else HIDDEN}={HIDDEN}")
    return f"{scheme}://{login}{at}{place}{mark}{'&'.join(parts)}"


def _fault(what: str) -> ValueError:
    return ValueError(f"state.url {what}")


def _options(query: str) -> dict[str, str]:
    given = parse_qs(query, keep_blank_values=True)
    for name in given:
        if name not in OPTIONS:
            raise _fault(f"has an option that is not known; there are {', '.join(sorted(OPTIONS))}")
    return {name: values[0] for name, values in given.items()}


def _node(text: str, port: int) -> tuple[str, int]:
    found = _NODE.match(text)
    if found is None:
        raise _fault("must name its hosts as host:port")
    number = int(found[2] or port)
    if not 0 < number < 65_536:
        raise _fault(f"has an impossible port, {number}")
    return unquote(found[1]).strip("[]"), number


def _path(kind: str, path: str) -> tuple[str, int]:
    """The service and the number of the database."""
    service, _, db = path.partition("/") if kind == "sentinel" else ("", "", path)
    if kind == "sentinel" and not service:
        raise _fault("needs the name of a service, as in redis+sentinel://host:26379/service/0")
    if db and not (db.isascii() and db.isdigit()):
        raise _fault("must end with the number of a database")
    number = int(db or 0)
    if kind == "cluster" and number:
        raise _fault("names a database, but a cluster has only 0")
    return unquote(service), number
