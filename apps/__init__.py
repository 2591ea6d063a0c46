"""The pages: Panel apps, each a folder of store, views and app, served by `apps.serve`; notebooks for Voilà in `apps/voila`. Doors only."""
