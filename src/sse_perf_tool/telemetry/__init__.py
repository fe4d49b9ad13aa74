"""Where people already look: a page for Prometheus (`--prometheus`) and OpenTelemetry (`--otlp`) while a run goes on.

* `instruments.py`: the table of metrics, their names on the wire of OpenTelemetry and on the page of Prometheus.
* `readings.py`: from a line of the records, or a second of the run, to values of these metrics.
* `sums.py`: what these values come to, for both outputs.
* `points.py`, `spans.py`: sums and finished requests as the OpenTelemetry SDK takes them.
* `prometheus.py`, `otlp.py`: where it all goes, each over the library made for it.
* `lines.py`: what a run tells of its seconds and finished requests.
* `exporter.py`: the process that does all this; its input is lines.
* `link.py`: `Telemetry`, the run's end of it; the process of the load imports it and `lines.py` alone.

The process that times the load makes no metric and talks to no collector: it hands some values of each finished
request and the sample of each second to a process beside it.  So nothing here makes a figure late, however slow a
collector is.
"""
