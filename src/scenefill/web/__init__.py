"""The web editor and the HTTP service: one FastAPI application around the Inpainter (`app.create_app`).

Pictures are held in memory, bounded in number, size and age; nothing is ever written to disk, and no request names a path.
`frame`, `bodies`, `http.js`, `page.js` and `theme.css` are what the page of a study has too.
`settings`, `guard`, `pages` and `server` need no framework, so that the first page is there before the rest is loaded.
"""
