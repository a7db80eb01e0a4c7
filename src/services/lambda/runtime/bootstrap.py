# SPDX-License-Identifier: Apache-2.0
"""Runs handlers of Python on the Runtime API."""
import http.client
import importlib
import json
import os
import sys
import time
import traceback

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
PATH = "/2018-06-01/runtime/"


class Connection:
    """One that is made again where it broke."""

    def __init__(self):
        self.http = http.client.HTTPConnection(API)

    def call(self, method, name, body=None, headers=None):
        try:
            self.http.request(method, PATH + name, body, headers or {})
            reply = self.http.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            self.http.close()
            self.http.request(method, PATH + name, body, headers or {})
            reply = self.http.getresponse()
        return reply.status, reply.headers, reply.read()


class ClientContext:
    def __init__(self, said):
        self.custom = said.get("custom")
        self.env = said.get("env")
        self.client = type("Client", (), said.get("client") or {})()


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = Identity()
        said = headers.get("Lambda-Runtime-Client-Context")
        self.client_context = ClientContext(json.loads(said)) if said else None
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)

    def log(self, text):
        print(text, flush=True)


class RuntimeProblem(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


def described(error, skip=0, request_id=""):
    kind = getattr(error, "kind", type(error).__name__)
    lines = traceback.format_list(traceback.extract_tb(error.__traceback__)[skip:])
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": lines}


def headers_of(about):
    return {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": about["errorType"]}


def printed(about):
    print("[ERROR] %s: %s\nTraceback (most recent call last):\n%s" % (
        about["errorType"], about["errorMessage"], "".join(about["stackTrace"])), flush=True)


def handler_named(name):
    module, dot, function = name.rpartition(".")
    if not dot:
        raise RuntimeProblem("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    module = module.replace("/", ".")
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise RuntimeProblem("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module, error)) from error
    except SyntaxError as error:
        raise RuntimeProblem("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module, error)) from error
    if not hasattr(found, function):
        raise RuntimeProblem("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, module))
    return getattr(found, function)


def answered(api, handler, headers, body):
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id") or ""
    try:
        result = handler(json.loads(body), Context(headers))
        try:
            text = json.dumps(result)
        except (TypeError, ValueError) as error:
            raise RuntimeProblem("Runtime.MarshalError", "Unable to marshal response: %s" % error) from error
    except Exception as error:  # whatever a handler raises is its answer
        about = described(error, 1, request_id)
        printed(about)
        api.call("POST", "invocation/%s/error" % request_id, json.dumps(about), headers_of(about))
        return
    sys.stdout.flush()
    sys.stderr.flush()
    api.call("POST", "invocation/%s/response" % request_id, text, {"Content-Type": "application/json"})


def main():
    api = Connection()
    sys.stdout.reconfigure(line_buffering=True)
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    sys.path[:] = [p for p in sys.path if p != os.environ["LAMBDA_RUNTIME_DIR"]]
    try:
        handler = handler_named(os.environ["_HANDLER"])
    except Exception as error:  # whatever the module raises when it is loaded
        about = described(error)
        printed(about)
        api.call("POST", "init/error", json.dumps(about), headers_of(about))
        sys.exit(1)
    while True:
        status, headers, body = api.call("GET", "invocation/next")
        if status != 200:
            return
        answered(api, handler, headers, body)


main()
