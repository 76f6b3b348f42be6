package import Graph
