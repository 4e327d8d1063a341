"""What the document states, read from its JSON alone.

The wrapper was made from `apidoc.model`, so its judge must not take that package's word for what an
operation needs: a mistake there would be the wrapper's and the judge's. Shared is only what is
below any reading: files, JSON pointers and references (`apidoc.model.node`).
"""
