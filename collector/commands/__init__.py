"""What the API does: one module a command, the table of them, and the gate before them all. Knows no HTTP.

A command is its JSON Schema in ``schemas/`` (the same stem), its module here, and a row in ``table``; no more is needed
for it to be parsed, authenticated, limited, validated, documented and served on its route and on ``/api.php``.
"""
