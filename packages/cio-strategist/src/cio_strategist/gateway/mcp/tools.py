"""The tools of the gateway itself, in the order in which a model should meet them."""

from collections.abc import Mapping
from types import MappingProxyType

from cio_strategist.gateway.mcp.catalogue_tools import CATALOGUE_TOOLS
from cio_strategist.gateway.mcp.change_tools import CHANGE_TOOLS
from cio_strategist.gateway.mcp.control_tools import CONTROL_TOOLS
from cio_strategist.gateway.mcp.decision_tools import DECISION_TOOLS
from cio_strategist.gateway.mcp.primal_tools import PRIMAL_TOOLS
from cio_strategist.gateway.mcp.reading_tools import READING_TOOLS
from cio_strategist.gateway.mcp.tool import GatewayTool

TOOLS: Mapping[str, GatewayTool] = MappingProxyType(
    {
        tool.name: tool
        for tool in (
            *READING_TOOLS,
            *CHANGE_TOOLS,
            *DECISION_TOOLS,
            *CONTROL_TOOLS,
            *PRIMAL_TOOLS,
            *CATALOGUE_TOOLS,
        )
    }
)
"""Every tool by name, without those of the fleet's bots."""
