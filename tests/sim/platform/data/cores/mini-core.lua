-- SPDX-License-Identifier: Apache-2.0
-- A second core for the mock PE.
return { freq = "1GHz" }
