"""A Flask application, as its users write them."""

from flask import Flask, abort, jsonify, request, stream_with_context

application = Flask(__name__)


@application.get("/hello/<name>")
def hello(name):
    return f"Hello, {name}!"


@application.post("/form")
def form():
    return jsonify(name=request.form["name"], size=len(request.files["file"].read()), secure=request.is_secure,
                   client=request.remote_addr, url=request.url)


@application.post("/json")
def json():
    return jsonify(request.get_json())


@application.get("/stream")
def stream():
    return application.response_class(stream_with_context(f"{i}\n" for i in range(3)), mimetype="text/plain")


@application.get("/missing")
def missing():
    abort(404)


@application.get("/fails")
def fails():
    raise RuntimeError("in Flask")
