"""The pages, one module and one template each: ask the operations, show the answer.

Of a practice: `to_do`, `transactions`, `story`, `inbox`, what is done (`act`, `link`). Of operators: `operations`,
`redrive`. Where somebody begins: `home`.
"""
