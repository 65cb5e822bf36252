"""`labkit export`: a notebook as one HTML page that works from disk, without a network.

command.py: what is exported, and where to. page.py: the page. markdown.py: prose and formulas.
offline.py: what would ask another machine for something is taken out.

By hand around nbconvert's filters: its own HTML page fetches MathJax and require.js from other machines, and
shows neither formulas nor plotly's figures without them.
"""
