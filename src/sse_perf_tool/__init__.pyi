"""The public names, for editors and type checkers; `__init__.py` imports them when they are first used."""

from .api import generate_html_report as generate_html_report
from .api import read_run as read_run
from .api import run_load as run_load
from .errors import UsageError as UsageError
from .exporters.json_summary import summary_document as summary_document
from .formats import FORMATS as FORMATS
from .records import RunConfig as RunConfig
from .records import RunResult as RunResult
from .records.reader import read_records as read_records

__version__: str
