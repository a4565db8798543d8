"""The report of the reproduction: figures, and text and numbers as Markdown, HTML and JSON."""

from ._markdown_and_html import QUESTION as QUESTION
from ._markdown_and_html import Content as Content
from ._write_report import write_report as write_report
