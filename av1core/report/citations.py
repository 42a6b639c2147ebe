"""The works that a report may cite. A text cites one by its key, such as "Holm 1979", in every language."""

from collections.abc import Iterable

WORKS = {
    "Berger 1982": "R. L. Berger. Multiparameter hypothesis testing and acceptance sampling. "
    "Technometrics 24(4), 1982.",
    "Cameron et al. 2008": "A. C. Cameron, J. B. Gelbach and D. L. Miller. Bootstrap-based improvements for inference "
    "with clustered errors. Review of Economics and Statistics 90(3), 2008.",
    "Chen et al. 2022": "H. Chen et al. Conv-Adapter: exploring parameter efficient transfer learning for ConvNets. "
    "arXiv:2208.07463, 2022.",
    "Cubuk et al. 2020": "E. D. Cubuk, B. Zoph, J. Shlens and Q. V. Le. RandAugment: practical automated data "
    "augmentation with a reduced search space. arXiv:1909.13719, 2020.",
    "Cui et al. 2019": "Y. Cui, M. Jia, T.-Y. Lin, Y. Song and S. Belongie. Class-balanced loss based on effective "
    "number of samples. arXiv:1901.05555, 2019.",
    "Deng et al. 2019": "J. Deng, J. Guo, N. Xue and S. Zafeiriou. ArcFace: additive angular margin loss for deep face "
    "recognition. arXiv:1801.07698, 2019.",
    "Fisher 1935": "R. A. Fisher. The Design of Experiments. Oliver and Boyd, 1935.",
    "Goyal et al. 2017": "P. Goyal et al. Accurate, large minibatch SGD: training ImageNet in 1 hour. "
    "arXiv:1706.02677, 2017.",
    "He et al. 2016": "K. He, X. Zhang, S. Ren and J. Sun. Deep residual learning for image recognition. "
    "arXiv:1512.03385, 2016.",
    "Hesterberg 2015": "T. C. Hesterberg. What teachers should know about the bootstrap. arXiv:1411.5279, 2015.",
    "Holm 1979": "S. Holm. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics "
    "6(2), 1979.",
    "Hu et al. 2018": "J. Hu, L. Shen and G. Sun. Squeeze-and-excitation networks. arXiv:1709.01507, 2018.",
    "Leng et al. 2022": "Z. Leng et al. PolyLoss: a polynomial expansion perspective of classification loss functions. "
    "arXiv:2204.12511, 2022.",
    "Lin et al. 2017": "T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár. Focal loss for dense object detection. "
    "arXiv:1708.02002, 2017.",
    "Loshchilov & Hutter 2017": "I. Loshchilov and F. Hutter. SGDR: stochastic gradient descent with warm restarts. "
    "arXiv:1608.03983, 2017.",
    "Loshchilov & Hutter 2019": "I. Loshchilov and F. Hutter. Decoupled weight decay regularization. "
    "arXiv:1711.05101, 2019.",
    "Ridnik et al. 2021": "T. Ridnik et al. Asymmetric loss for multi-label classification. arXiv:2009.14119, 2021.",
    "Szegedy et al. 2016": "C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna. Rethinking the Inception "
    "architecture for computer vision. arXiv:1512.00567, 2016.",
    "Woo et al. 2018": "S. Woo, J. Park, J.-Y. Lee and I. S. Kweon. CBAM: convolutional block attention module. "
    "arXiv:1807.06521, 2018.",
    "Yun et al. 2019": "S. Yun et al. CutMix: regularization strategy to train strong classifiers with localizable "
    "features. arXiv:1905.04899, 2019.",
    "Zhang et al. 2018": "H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz. mixup: beyond empirical risk "
    "minimization. arXiv:1710.09412, 2018.",
}


def cited(texts: Iterable[str]) -> list[str]:
    """The works that the texts cite, in the order of their keys."""
    whole = "\n".join(texts)
    return [work for key, work in WORKS.items() if key in whole]
