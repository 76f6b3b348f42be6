import CXSMM
package func hasAVX2() -> Bool { cxsmm_has_avx2_fma() != 0 }
