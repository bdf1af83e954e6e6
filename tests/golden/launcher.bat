@echo off
"%~dp0..\..\..\..\external\python\python.exe" -I "%~dp0..\..\..\..\external\emroot~\a tool.py" emcc "%~dp0..\..\..\.." sdk.json "a word" %*
