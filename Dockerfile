# One image for all services; docker-compose.yml sets the command of each.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 UV_LINK_MODE=copy
WORKDIR /app

COPY pyproject.toml uv.lock ./
RUN pip install --no-cache-dir uv==0.13.8 && uv sync --frozen --no-default-groups --group deploy --no-cache --compile-bytecode
ENV PATH="/app/.venv/bin:$PATH"

COPY . .
RUN useradd --system --no-create-home warehouse && install -d -o warehouse /spool
USER warehouse
