"""The words that people are shown, one table each: systems, states, reasons. Notices and commands take them from here.

`systems` names systems, `states` says what a state means, `reasons` why, `explanations` puts them into sentences,
`remedies` says what to do, `doctor` what is wrong with the pipeline.

Nothing here imports another part of `sinks.operations`, or `sinks.notices`.
"""
