"""What fails, and when: one strategy a fault, drawn together by the pipeline."""

from simulator.engine.faults.pipeline import Pipeline
from simulator.engine.faults.strategy import Strategy

__all__ = ["Pipeline", "Strategy"]
