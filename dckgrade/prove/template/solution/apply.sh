#!/bin/sh
# What the lab wants: the lines that a trainee types to get every point.
docker run -d --name todo-container todo-image todo-command
