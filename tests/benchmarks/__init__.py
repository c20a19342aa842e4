"""What the product's speed claims rest on, measured side by side with what they are compared to.

``python -m tests.benchmarks`` prints a table, ``--json`` one JSON object; see ``__main__``. Nothing
here is collected by pytest: a figure is measured and told, never asserted.
"""
