# Grades submissions where there is no bubblewrap, on macOS and Windows: README.md, "Grading a class".
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /course
COPY pyproject.toml constraints.txt README.md LICENSE ./
# The address of PyTorch's CPU index (README.md, "On Linux"): without it an Intel or AMD machine gets CUDA too.
ARG TORCH_INDEX=
RUN pip install --no-cache-dir -c constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch
COPY labkit labkit
COPY data data
COPY notebooks notebooks
# The grader is root in here, and can write grades to any folder. Answers run as the user nobody, who has to be
# able to read the course.
RUN pip install --no-cache-dir -c constraints.txt -e ".[author]" && chmod -R a+rX /course
ENTRYPOINT ["python", "-m", "labkit"]
