"""A calibration with figures made up so that each can be told from the others."""

from __future__ import annotations

import pytest

from sse_perf_tool.records import Calibration, Compared


@pytest.fixture
def found() -> Calibration:
    return Calibration(
        threads=50,
        processes=2,
        itl_ms=20.0,
        duration_s=3.06,
        requests=101,
        failed=0,
        chunks=7200,
        chunks_per_s=2353.6,
        busiest_second_chunks=2501,
        ttft={"p50": Compared(50.0, 50.25, 0.25), "p90": Compared(51.0, 53.5, 2.5), "p99": Compared()},
        gaps={
            "p50": Compared(20.0, 19.9998, -0.0002),
            "p90": Compared(20.5, 20.0, -0.5),
            "p99": Compared(1234.5678, 1235.0, 0.4322),
        },
        cpu_us_per_chunk=34.56,
        cpu_share=0.083,
        server_late_ms={"p50": 0.08, "p99": 0.17, "max": 2.53},
        server_cpu_share=0.061,
    )
