"""The whole contract as one AsyncAPI 3 document without outside references, `schemas/asyncapi.yaml`.

`document` puts it together; `messages` describes each type with its headers, key and schema, and `examples` gives each
an example with its bytes; `limits` are the bounds and the words of refusals; `yaml_text` writes it.
`python -m schemas.asyncapi` makes the file; a test fails where it is not current.
"""

from schemas.asyncapi.document import FILE, document, document_text

__all__ = ["FILE", "document", "document_text"]
