"""The agent: a protocol, and its implementation on claude-agent-sdk."""
