"""What goes wrong beside a user's tests. Pure.

SimulatorError           the base
  NotStartedError             the simulator could not start, or has ended; the message has its last words
  RefusedError                the admin plane did not do what was asked, such as a rule that is none
"""


class SimulatorError(Exception):
    """Anything that the simulator itself could not do."""


class NotStartedError(SimulatorError):
    """The simulator does not run; its log is in the message."""


class RefusedError(SimulatorError):
    """The admin plane refused; the message is its own. `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
