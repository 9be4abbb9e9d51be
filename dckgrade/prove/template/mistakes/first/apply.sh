#!/bin/sh
# What a trainee types instead. Call this folder by what went wrong.
docker run -d --name todo-container todo-image true
docker wait todo-container
