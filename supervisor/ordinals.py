"""Which number a worker and a pod have. Pure: environment and names are handed in.

Worker k of a pod holds slot k whoever it is: a respawn takes the lowest free slot, so seeds, metric files
and log fields are named by ordinal and never by process.
"""

import hashlib
import re
from collections.abc import Container, Mapping

# A StatefulSet names its pods `<set>-<index>`. A Deployment's pods end in five random characters, which may
# all be digits: more than four digits are not taken for an index.
_INDEXED = re.compile(r"-(\d{1,4})\Z")

NODE_ORDINALS = 2**31
"""How many ordinals the hash of a node's name may fall on; two of 1,000 nodes share one once in 4,000 fleets."""


def lowest_free(taken: Container[int], wanted: int) -> int | None:
    """The lowest ordinal below `wanted` that nobody holds, or None."""
    return next((ordinal for ordinal in range(wanted) if ordinal not in taken), None)


def pod_ordinal(configured: int | None, environ: Mapping[str, str], hostname: str) -> int:
    """This pod's number, from the first source that knows it.

    In this order: the configuration; `POD_INDEX` (the pod-index label through the downward API); the number
    at the end of the pod's name (`POD_NAME`, or the host name inside Kubernetes); a hash of `NODE_NAME`, for
    a DaemonSet; 0. A source whose value is not a number is passed over.
    """
    if configured is not None:
        return configured
    index = environ.get("POD_INDEX", "").strip()
    if index.isascii() and index.isdigit() and len(index) <= 9:
        return int(index)
    name = environ.get("POD_NAME", "").strip()
    if not name and environ.get("KUBERNETES_SERVICE_HOST"):
        name = environ.get("HOSTNAME", "").strip() or hostname
    ending = _INDEXED.search(name)
    if ending:
        return int(ending[1])
    node = environ.get("NODE_NAME", "").strip()
    if node:
        digest = hashlib.blake2b(node.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % NODE_ORDINALS
    return 0
