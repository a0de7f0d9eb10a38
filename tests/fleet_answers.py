"""What a fleet answers to `top`, as it might."""

HEALTH = {"status": "degraded", "version": "9.9", "seed": 7, "uptime_secs": 3725.2, "warnings": ["busy"]}
STATS = {
    "workers": [
        {"ordinal": 1, "state": "ready", "stalled": True, "pid": 11, "requests": 3},
        {
            "ordinal": 0, "state": "ready", "pid": 10, "draining": 9, "connections": 4, "in_flight": 3, "queued": 2,
            "streams": 1, "requests": 100, "refused": 5, "tokens_out": 6000, "schedule_lag_ms": 1.25, "restarts": 2,
            "config_revision": 8,
        },
    ]
}  # fmt: skip
METRICS = r"""# HELP llm_simulator_ttft_seconds Arrival to first token sent
llm_simulator_ttft_seconds_bucket{model="a",le="0.1"} 1.0
llm_simulator_ttft_seconds_bucket{model="b \" {} ,le=\"9\"",le="0.1"} 2.0
llm_simulator_ttft_seconds_bucket{model="a",le="+Inf"} 4.0
llm_simulator_scenario_active{scenario="outage"} 1.0
llm_simulator_scenario_active{scenario="storm"} 0.0
llm_simulator_config_revision 8.0
not a line
llm_simulator_config_revision nothing
"""
