"""The lab: a local page on which a function is typed, derived, compared and descended, by ``gradlab lab``.

What is on the page comes from plain functions: `reading` makes a function of what was typed, `deriving`,
`comparing` and `descending` make sentences, tables and pictures of it, and `answering` is the one way to them. They
run in processes of their own (`workers`), so that whatever takes too long is ended and the page goes on answering.
`app` only wires them to the controls, and `serving` shows it to this machine alone.
"""
