"""One module for each subject of the API; :func:`api.app.create_app` puts them together."""
