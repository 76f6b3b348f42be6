// The subject in one import, for the boundary and the tests.

@_exported public import Chains
@_exported public import Core
@_exported public import Data
@_exported public import Diagnostics
@_exported public import Learning
@_exported public import Models
@_exported public import Sampling
