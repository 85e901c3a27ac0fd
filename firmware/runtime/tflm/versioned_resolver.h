/* The tree's list of kernels with their time taken, as long as kernels are found by operator and version. */
#ifndef MCUMATRIX_TFLM_VERSIONED_RESOLVER_H
#define MCUMATRIX_TFLM_VERSIONED_RESOLVER_H

#include "layers.h"
#include "tree.h"

template <typename Kernels>
class VersionedResolver : public tflite::OpResolver {
  public:
    explicit VersionedResolver(void (*add_kernels)(Kernels *)) {
        add_kernels(&kernels_);
    }

    const Registration *find_untimed(tflite::BuiltinOperator op, int version) const {
        return static_cast<const tflite::OpResolver &>(kernels_).FindOp(op, version);
    }

    const Registration *find_untimed(const char *custom, int version) const {
        return static_cast<const tflite::OpResolver &>(kernels_).FindOp(custom, version);
    }

    const Registration *FindOp(tflite::BuiltinOperator op, int version) const override {
        return timed_kernel(find_untimed(op, version));
    }

    const Registration *FindOp(const char *custom, int version) const override {
        return timed_kernel(find_untimed(custom, version));
    }

  private:
    Kernels kernels_;
};

#endif
