from flask import Flask

app = Flask(__name__)


@app.get("/", defaults={"name": ""})
@app.get("/<path:name>")
def show(name):
    path = "/" + name
    items = "\n".join(f"<li>Entry {i + 1} of {path}</li>" for i in range(20))
    return (
        f'<!doctype html>\n<title>{path}</title>\n<link rel="stylesheet" href="/static/site.css">\n'
        f"<ul>\n{items}\n</ul>\n"
    )
