package tasks

import (
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
)

const jpegQuality = 85

// format is a way to write an image.
type format struct {
	// prepare fills what is drawn over.
	prepare func(*image.RGBA)
	write   func(io.Writer, image.Image) error
}

var (
	asJPEG = format{fillWhite, func(w io.Writer, img image.Image) error {
		return jpeg.Encode(w, img, &jpeg.Options{Quality: jpegQuality})
	}}
	asPNG   = format{func(*image.RGBA) {}, png.Encode}
	formats = map[string]format{".jpg": asJPEG, ".jpeg": asJPEG, ".png": asPNG}
)

func fillWhite(img *image.RGBA) {
	draw.Draw(img, img.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
}
