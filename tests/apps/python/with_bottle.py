"""A bottle application, as its users write them."""

import bottle

application = bottle.Bottle()


@application.get("/hello/<name>")
def hello(name):
    bottle.response.set_cookie("seen", "yes")
    return f"Hello, {name}!"


@application.post("/form")
def form():
    return {"name": bottle.request.forms.name, "size": len(bottle.request.files["file"].file.read())}


@application.get("/file")
def file():
    return bottle.static_file("with_bottle.py", root=__file__.rpartition("/")[0])
