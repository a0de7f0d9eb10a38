"""Live control: from the control document, and the time, to what requests are answered with."""
