"""FastAPI's StreamingResponse: a queue per subscriber, an asynchronous generator per stream."""
import asyncio
import time

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

app = FastAPI()
subscribers: set[asyncio.Queue] = set()


@app.get("/events")
async def events():
    queue: asyncio.Queue = asyncio.Queue()
    subscribers.add(queue)

    async def stream():
        try:
            while True:
                yield f"data: {await queue.get()}\n\n"
        finally:
            subscribers.discard(queue)

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.post("/publish")
async def publish(request: Request):
    data = (await request.body()).decode()
    for queue in subscribers:
        queue.put_nowait(data)
    return Response()


@app.get("/stream")
async def numbers(n: int, interval: int):
    async def stream():
        due = time.monotonic()
        for i in range(n):
            yield f"data: {i} {time.monotonic_ns()}\n\n"
            if interval:
                due += interval / 1000
                await asyncio.sleep(due - time.monotonic())

    return StreamingResponse(stream(), media_type="text/event-stream")
