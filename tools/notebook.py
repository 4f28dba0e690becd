"""Runs a notebook from its first cell to the last and prints what the cells say; with --keep, writes that into the file."""

import argparse

import nbformat
from nbclient import NotebookClient

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("notebook")
arguments.add_argument("--keep", action="store_true")
arguments = arguments.parse_args()

notebook = nbformat.read(arguments.notebook, as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
for cell in notebook.cells:
    for output in cell.get("outputs", []):
        print(output.get("text") or output.get("data", {}).get("text/plain", ""))
    cell.metadata.pop("execution", None)  # when it ran is nobody's business
notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
if arguments.keep:
    nbformat.write(notebook, arguments.notebook)
