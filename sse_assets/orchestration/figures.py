"""Plots that Dagster's UI can show: an image inside a Markdown metadata value."""

import base64

import dagster as dg


def png_metadata(png: bytes, title: str) -> dg.MarkdownMetadataValue:
    """A PNG as metadata, embedded, so that the UI shows it without access to the blob root."""
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")
