"""Its place puts the helpers of this folder within reach of the tests in the folders below."""
