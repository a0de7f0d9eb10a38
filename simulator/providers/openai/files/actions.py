"""What of files, uploads and batches is served. Wiring."""

from collections.abc import Sequence

from simulator.providers.base import Action
from simulator.providers.openai.files.batches import CancelBatch, CreateBatch, ListBatches, ShowBatch
from simulator.providers.openai.files.files import CreateFile, DeleteFile, FileContent, ListFiles, ShowFile
from simulator.providers.openai.files.uploads import AddPart, CancelUpload, CompleteUpload, CreateUpload


def actions(max_depth: int) -> Sequence[Action]:
    """All of them. `max_depth` bounds the nesting of JSON bodies."""
    return (
        *(CreateFile(), ListFiles(), ShowFile(), DeleteFile(), FileContent()),
        *(CreateUpload(max_depth), AddPart(), CompleteUpload(max_depth), CancelUpload()),
        *(CreateBatch(max_depth), ListBatches(), ShowBatch(), CancelBatch()),
    )
