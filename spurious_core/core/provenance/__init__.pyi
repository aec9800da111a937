from .source_rules import (
    code_digest as code_digest,
    modules_named as modules_named,
    notebook_source as notebook_source,
    rules_digest as rules_digest,
    rules_of_modules as rules_of_modules,
    rules_of_notebook as rules_of_notebook,
    rules_text as rules_text,
)
